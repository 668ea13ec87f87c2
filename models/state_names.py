"""Names of a recurrent cell's states; without TensorFlow, for what only reads an export's signatures."""

# In the order of the states. h of every cell, c of an LSTM; memory and read with attention.
STATE_NAMES = ("h", "c", "memory", "read")
