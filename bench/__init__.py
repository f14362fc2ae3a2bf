"""In charge of: measuring — speed beside yardsticks, quality on cases.

Not in charge of: anything that the gateway does.
"""
