"""The generated pages of docs/ are what the program prints now."""

import unittest

from servesweep_cli import SOURCE, CliTest

PAGES = {"parameters.md": "parameters", "output_format.md": "output-format"}


class Docs(CliTest):
    maxDiff = None

    def test_generated_pages_are_up_to_date(self):
        for page, name in PAGES.items():
            with self.subTest(page):
                out, _ = self.cli("docs", name)
                path = SOURCE / "docs" / page
                self.assertTrue(path.exists(), f"make it: servesweep docs {name} > docs/{page}")
                self.assertEqual(path.read_text(), out, f"servesweep docs {name} > docs/{page}")


if __name__ == "__main__":
    unittest.main()
