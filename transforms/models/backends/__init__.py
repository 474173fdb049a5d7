"""Models of others, each in a module named as recipes name it; `_backends.py` beside this says how to write one."""
