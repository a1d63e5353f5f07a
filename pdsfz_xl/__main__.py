"""`python -m pdsfz_xl` is `pdsfz-xl`."""

from pdsfz_xl.cli import main

if __name__ == "__main__":
    main()
