"""Terms, their matching in Arabic text, and the proof that a translation keeps them.

Pure: knows neither gRPC, protobuf nor any model. Decoding comes in through
`glossary.constrain.Decoder`.
"""
