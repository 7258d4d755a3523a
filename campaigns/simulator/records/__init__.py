"""The JSON records that the API and the webhook events share."""
