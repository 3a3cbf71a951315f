"""Scenarios and steps about quotas of projects."""
