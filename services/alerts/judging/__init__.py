"""What is not calm, judged: a sensor reading by reading; silent gateways; a new site version."""
