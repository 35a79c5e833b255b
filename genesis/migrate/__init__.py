"""Moving house: from a stock MLflow into Genesis-Flow and back, restartable, and compared afterwards.

A move reads entities from a ``Source`` and writes them to a ``Target`` (``ends``); what is done is in a
journal. MLflow itself is needed for its own stores only (``stock``).
"""
