"""affectory builds emotion datasets: opinions are kept, labels are views over them."""
