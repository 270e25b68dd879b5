"""The one connection between trusted code and a sandbox: frames, messages and values.

    frame     header | lengths | envelope | buffers          connection.py
    envelope  one typed message, msgpack by msgspec           messages.py
    buffers   raw bytes of tensors, arrays and files          codec.py

Nothing here can run code from the other side: no pickle, no eval, no import by name.
"""
