"""The search for better settings: spaces, studies that can be stopped and resumed, their trials, and what comes of the best."""
