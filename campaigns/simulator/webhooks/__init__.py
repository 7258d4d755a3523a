"""Webhook subscriptions: what happened, who subscribed to it, and the delivery."""
