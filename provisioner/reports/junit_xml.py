"""JUnit XML as Jenkins and GitLab read it: cases in one suite, what is in them, the counts."""

from __future__ import annotations

from xml.etree import ElementTree

from provisioner.text import printable_lines


def new_suite(name: str) -> ElementTree.Element:
    return ElementTree.Element("testsuite", name=name)


def add_case(suite: ElementTree.Element, name: str, class_name: str) -> ElementTree.Element:
    """A `testcase`. Jenkins makes package and class of the class name."""
    return ElementTree.SubElement(suite, "testcase", name=xml_text(name), classname=class_name)


def add_element(parent: ElementTree.Element, tag: str, text: str) -> ElementTree.Element:
    """An element with text: failure, error, skipped, system-out."""
    element = ElementTree.SubElement(parent, tag)
    element.text = xml_text(text)
    return element


def xml_text(text: str) -> str:
    """Only characters that show: XML forbids some others even when they are escaped."""
    return printable_lines(text)


_COUNTED = (
    ("tests", "testcase"),
    ("failures", "failure"),
    ("errors", "error"),
    ("skipped", "skipped"),
)


def as_text(suite: ElementTree.Element) -> str:
    """The document, with the suite's counts."""
    for attribute, tag in _COUNTED:
        count = sum(1 for _ in suite.iter(tag))
        if count or attribute != "skipped":
            suite.set(attribute, str(count))
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    content: bytes = ElementTree.tostring(root, "us-ascii", xml_declaration=True)
    return content.decode("ascii") + "\n"
