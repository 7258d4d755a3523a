"""What pages and downloads show: progress, delivery, exports, the history of a number."""
