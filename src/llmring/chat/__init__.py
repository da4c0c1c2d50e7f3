"""What is said: requests, what a reply is made of, and the reply as a whole."""
