import logging

import streamlit

logging.warning("the page is made")
streamlit.title("Hello")
