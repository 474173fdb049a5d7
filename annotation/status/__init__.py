"""How a review goes: how far it is, how far raters agree, on whom one may rely, what was put aside, and earlier answers
for those who decide."""
