"""Written answers by form or API: drafts are kept, format errors shown, and handing in makes a submission."""
