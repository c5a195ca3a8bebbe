"""The live values of the frame itself: the day, links to help pages, the glossary, directory and problems."""

from django.conf import settings
from django.template.loader import render_to_string

from connecticard.api_problems import PROBLEMS
from connecticard.help.macros import Asked, register
from connecticard.help.reading import directory
from connecticard.templatetags.figures import long_date


@register("today", example="today", says="The day on which the page is read.")
def today(asked: Asked) -> str:
    return long_date(asked.today)


@register("program", example="program", says="The name of the program, as this site writes it.")
def program(asked: Asked) -> str:
    return settings.PROGRAM_NAME


@register(
    "directory", example="directory", says="The directory of contacts, lists and services.", is_block=True
)
def whole_directory(asked: Asked) -> str:
    return render_to_string("help/_directory.html", {"groups": directory(asked.language)})


@register(
    "problems",
    example="problems",
    says="Each code by which the interface for other programs refuses, and what to do then.",
    is_block=True,
)
def problems(asked: Asked) -> str:
    return render_to_string("help/_problems.html", {"problems": PROBLEMS.items()})
