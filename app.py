"""The app's entrance: ``streamlit run app.py``."""

from pages._shell import run_app

run_app()
