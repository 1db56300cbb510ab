"""Who is at work here: the environment in, a name for the history of releases out."""

import getpass
import os
import socket
from collections.abc import Mapping


def decide_operator(environ: Mapping[str, str] | None = None) -> str:
    """The person, or the job of a CI system and who started it, as far as the environment says."""
    env = os.environ if environ is None else environ
    if env.get("GITHUB_ACTIONS") and env.get("GITHUB_ACTOR"):
        return f"{env['GITHUB_ACTOR']} (GitHub run {env.get('GITHUB_RUN_ID', '?')})"
    if env.get("GITLAB_CI"):
        return f"{env.get('GITLAB_USER_LOGIN', 'GitLab')} (GitLab job {env.get('CI_JOB_ID', '?')})"
    if env.get("JENKINS_URL"):
        return f"{env.get('BUILD_USER_ID', 'Jenkins')} ({env.get('BUILD_TAG', 'Jenkins')})"
    return f"{_find_user()}@{socket.gethostname()}"


def _find_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container whose user has no name
        return str(os.getuid())
