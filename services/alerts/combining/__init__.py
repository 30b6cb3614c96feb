"""Rules over several sensors: one alert for a group."""
