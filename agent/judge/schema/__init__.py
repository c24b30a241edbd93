"""JSON Schemas of what people write, made from the tables that check it, for editors and validators.

They are draft-07, which the YAML language server knows best. What the loader takes the schemas take too; the
loader refuses more: lists that are not there, days that no calendar has, patterns that RE2 does not take.
"""
