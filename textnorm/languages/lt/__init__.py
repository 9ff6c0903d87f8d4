"""Grammar of Lithuanian: numerals, declension of nouns, adjectives and phrases. Import the module that you need.

- `numerals`: cardinals, digits, decimals, fractions, and `parse_cardinal`, their inverse;
- `ordinals`: ordinals, years, readings of written endings;
- `nouns`, `adjectives`: declension, and unit names as phrases;
- `grammar`: the categories (case, gender, number) that all of them share.
"""
