"""`python -m affectory.pipelines.cli`: the command where the code came as a wheel and no script was installed."""

import sys

from affectory.pipelines.cli.app import main

if __name__ == "__main__":
    sys.argv[0] = "affectory"  # what is printed for people to run next begins with it
    main()
