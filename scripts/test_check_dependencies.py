"""Tests of the licence rule."""

import unittest

from check_dependencies import is_permissive


class Licences(unittest.TestCase):
    def test_a_choice_needs_one_permissive_side(self):
        self.assertTrue(is_permissive("MIT OR GPL-3.0"))
        self.assertTrue(is_permissive("MIT/Apache-2.0"))
        self.assertFalse(is_permissive("GPL-3.0 OR AGPL-3.0"))

    def test_both_of_a_pair_must_be_permissive(self):
        self.assertTrue(is_permissive("(MIT OR Apache-2.0) AND Unicode-3.0"))
        self.assertFalse(is_permissive("MIT AND GPL-2.0"))
        self.assertTrue(is_permissive("Apache-2.0 WITH LLVM-exception OR MIT"))

    def test_no_licence_is_no_permission(self):
        self.assertFalse(is_permissive(""))


if __name__ == "__main__":
    unittest.main()
