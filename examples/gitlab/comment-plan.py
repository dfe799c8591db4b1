"""comment-plan.py FILE: put a Markdown file into a merge request, as one comment that is updated.

COMMENT_TOKEN is a project access token with the scope `api` and the role Reporter.
"""

import json
import os
import sys
import urllib.request
from pathlib import Path

MARKER = "<!-- provisioner plan -->"


def notes_url(*parts):
    """The address of the comments of this merge request."""
    merge_request = f"merge_requests/{os.environ['CI_MERGE_REQUEST_IID']}"
    project = f"{os.environ['CI_API_V4_URL']}/projects/{os.environ['CI_PROJECT_ID']}"
    return "/".join((project, merge_request, "notes", *map(str, parts)))


def call(method, url, body=None):
    """What GitLab answers."""
    headers = {
        "PRIVATE-TOKEN": os.environ["COMMENT_TOKEN"],
        "Content-Type": "application/json",
    }
    data = None if body is None else json.dumps({"body": body}).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def main():
    """Update the comment of an earlier run, or write the first."""
    body = f"{MARKER}\n{Path(sys.argv[1]).read_text(encoding='utf-8')}"
    ours = call("GET", f"{os.environ['CI_API_V4_URL']}/user")["id"]
    notes = call("GET", notes_url() + "?per_page=100&sort=asc&order_by=created_at")
    for note in notes:
        if note["author"]["id"] == ours and note["body"].startswith(MARKER):
            return call("PUT", notes_url(note["id"]), body)
    return call("POST", notes_url(), body)


if __name__ == "__main__":
    main()
