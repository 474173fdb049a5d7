"""`python -m affectory.pipelines.cli`: the command where the code came as a wheel and no script was installed."""

from affectory.pipelines.cli.app import main

main()
