"""What any process needs: leases, its identity, shutdown, bulk statements."""
