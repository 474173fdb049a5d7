"""What may be done with what is shown and said of people, and with records under licences, asked before every stage."""
