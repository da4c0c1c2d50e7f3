"""Vendors' batch APIs: files of requests that are answered within a day."""
