"""PDF signatures (PAdES): making them, drawing them, judging them.

Only unpatched worker processes may import this package: pyHanko uses asyncio and stalls a
cooperative process for as long as a signature takes.
"""
