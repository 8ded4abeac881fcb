"""The commands: parse the arguments, call a function, turn errors into exit codes. There is no other logic here.

Each command imports what it needs only when it runs, so that `pagewright --help` is quick.
"""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.core.deadline import Clock
from orchestrator.core.errors import PagewrightError, UsageError
from orchestrator.core.order import Order, read_event
from orchestrator.core.settings import (
    build_config,
    evaluator_settings,
    load_environment,
    log_files,
    model_settings,
    publish_config,
    watch_settings,
)
from orchestrator.jobs.hiding import hide_process
from orchestrator.jobs.runner import Runner

if TYPE_CHECKING:
    from orchestrator.local.stage import LocalOptions


_DATA = Path(".pagewright")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with the code that `errors` lists."""
    hide_process()  # before a key is read
    chosen = _parser().parse_args(arguments)
    try:
        code = chosen.run(chosen)
    except PagewrightError as error:
        if chosen.is_job:
            Runner().error(str(error))  # an annotation of the run
        else:
            sys.stderr.write(f"pagewright: {error}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(code or 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pagewright", description="Turn a brief into a verified website that is live."
    )
    parser.set_defaults(is_job=False)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_steps(commands)
    _add_preparations(commands)
    _add_evaluate(commands)
    _add_rebuild(commands)
    _add_machine(commands)
    return parser


def _add_steps(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    serve = commands.add_parser("serve", help="run the receiver, which takes tasks")
    serve.set_defaults(run=_serve)

    build = commands.add_parser("build", help="run job build: generate the site and check it in a browser")
    build.add_argument(
        "--event",
        type=Path,
        required=True,
        metavar="FILE",
        help="the event file that Actions writes (GITHUB_EVENT_PATH)",
    )
    build.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder to write the site and the report to"
    )
    build.set_defaults(run=_build, is_job=True)

    publish = commands.add_parser(
        "publish", help="run job publish: commit the site, wait until it is live, tell the evaluator"
    )
    publish.add_argument(
        "--event",
        type=Path,
        required=True,
        metavar="FILE",
        help="the event file that Actions writes (GITHUB_EVENT_PATH)",
    )
    publish.add_argument(
        "--build", type=Path, required=True, metavar="DIR", help="folder that holds what job build wrote"
    )
    publish.set_defaults(run=_publish, is_job=True)


def _add_preparations(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    models = commands.add_parser("models", help="list the models, what they cost, and which you can use now")
    models.add_argument("--json", action="store_true", help="print a JSON list instead of a table")
    models.set_defaults(run=_models)

    doctor = commands.add_parser("doctor", help="examine the setup: say what is missing and how to fix it")
    doctor.add_argument("--json", action="store_true", help="print a JSON list instead of lines of text")
    doctor.set_defaults(run=_doctor)

    setup = commands.add_parser(
        "setup", help="set up the pipeline on GitHub: environments, secrets, variables, ruleset"
    )
    setup.set_defaults(run=_setup)


def _add_evaluate(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    evaluate = commands.add_parser(
        "evaluate", help="run the evaluator: send tasks, wait for results, check the live pages"
    )
    evaluate.add_argument("files", type=Path, nargs="+", metavar="FILE", help="task templates")
    evaluate.add_argument(
        "--receiver",
        default="",
        metavar="URL",
        help="the endpoint to send tasks to; /api-endpoint is added if the URL has no path",
    )
    evaluate.add_argument(
        "--secret", default="", metavar="S", help="the shared secret to send; default: the setting SHARED_SECRET"
    )
    evaluate.add_argument(
        "--email", default="student@example.com", metavar="E", help="the e-mail address to send with the tasks"
    )
    evaluate.add_argument(
        "--endpoints",
        type=Path,
        metavar="FILE",
        help="send to several endpoints: a CSV file with the columns email, endpoint, secret",
    )
    evaluate.add_argument("--private", action="store_true", help="allow endpoints and pages at private addresses")
    evaluate.add_argument("--listen", default="127.0.0.1:0", metavar="HOST:PORT", help="address to receive results on")
    evaluate.add_argument(
        "--public-url", default="", metavar="URL", help="the URL at which the endpoints reach the address of --listen"
    )
    _add_data(evaluate)
    evaluate.add_argument("--models", metavar="A,B,…", help="compare these models, each with its own local GitHub")
    evaluate.add_argument(
        "--repeat", type=int, default=1, metavar="N", help="with --models: how many times to send each task"
    )
    evaluate.add_argument("--csv", type=Path, metavar="FILE", help="also write the table to this CSV file")
    evaluate.add_argument("--json", action="store_true", help="print all results as JSON instead of a table")
    evaluate.set_defaults(run=_evaluate)


def _add_machine(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    watch = commands.add_parser(
        "watch", help="print the events of a task, on this machine or in a pipeline on GitHub, as they happen"
    )
    watch.add_argument("id", metavar="ID", help="the id in the receiver's answer")
    watch.add_argument("--data", type=Path, metavar="DIR", help="folder for all data; default: .pagewright")
    watch.add_argument(
        "--pipeline",
        metavar="OWNER/NAME",
        help="follow the task in this repository on GitHub instead; GITHUB_TOKEN needs Actions: read on it",
    )
    watch.add_argument("--json", action="store_true", help="print each event as one line of JSON")
    watch.set_defaults(run=_watch)

    local = commands.add_parser("local", help="run GitHub and the receiver on this machine")
    _add_ports(local)
    local.set_defaults(run=_local)

    demo = commands.add_parser("demo", help="run `local`, and send it a sample task with two rounds")
    _add_ports(demo)
    demo.add_argument(
        "--once",
        action="store_true",
        help="exit when done, with 0 only if both rounds are live and pass their checks",
    )
    demo.set_defaults(run=_demo)


def _add_rebuild(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    rebuild = commands.add_parser(
        "rebuild", help="make the bundle of a published React or Vue app again, and compare the bytes"
    )
    rebuild.add_argument("repository", metavar="OWNER/REPO", help="the repository of the app")
    rebuild.set_defaults(run=_rebuild)


def _add_ports(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--receiver-port", type=int, default=7860, metavar="PORT", help="0: any free port")
    parser.add_argument("--github-port", type=int, default=7861, metavar="PORT", help="0: any free port")
    _add_data(parser)
    parser.add_argument(
        "--pages-delay", type=float, default=2.0, metavar="S", help="how many seconds a Pages build takes"
    )
    parser.add_argument(
        "--faults", type=Path, metavar="FILE", help="JSON file of the failures that the local GitHub simulates"
    )
    parser.add_argument("--json", action="store_true", help="print JSON lines instead of text")


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=_DATA, metavar="DIR", help="folder that keeps all data")


def _serve(_: argparse.Namespace) -> int:
    from receiver.serve import serve  # noqa: PLC0415
    from receiver.settings import Settings, SettingsError  # noqa: PLC0415

    try:
        serve(Settings.from_env(load_environment(dotenv=True)))
    except SettingsError as error:
        raise UsageError(str(error)) from None
    return 0


def _build(chosen: argparse.Namespace) -> int:
    from orchestrator.jobs.build import build  # noqa: PLC0415

    env = load_environment()
    asyncio.run(
        build(build_config(env), _event(chosen.event, env), chosen.out, Runner(sys.stdout, *log_files(env)), Clock())
    )
    return 0


def _publish(chosen: argparse.Namespace) -> int:
    from orchestrator.jobs.publish import publish  # noqa: PLC0415

    env = load_environment()
    asyncio.run(
        publish(
            publish_config(env), _event(chosen.event, env), chosen.build, Runner(sys.stdout, *log_files(env)), Clock()
        )
    )
    return 0


def _models(chosen: argparse.Namespace) -> int:
    from orchestrator.generate.models.listing import run_models  # noqa: PLC0415

    return run_models(model_settings(load_environment(dotenv=True)), as_json=chosen.json)


def _doctor(chosen: argparse.Namespace) -> int:
    from orchestrator.doctor.doctor import run_doctor  # noqa: PLC0415

    return run_doctor(load_environment(dotenv=True), as_json=chosen.json)


def _setup(_: argparse.Namespace) -> int:
    from orchestrator.setup.setup import run_setup  # noqa: PLC0415

    return run_setup(load_environment(dotenv=True), _is_confirmed, Clock())


def _is_confirmed(question: str) -> bool:
    # With asyncio's handler, Ctrl-C would have no effect until somebody answers.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:  # no terminal: nobody can answer
        return False
    finally:
        signal.signal(signal.SIGINT, before)


def _evaluate(chosen: argparse.Namespace) -> int:
    if chosen.models is not None:
        return _compare(chosen)
    from orchestrator.evaluator.evaluate import EvaluateOptions, run_evaluate  # noqa: PLC0415

    env = load_environment(dotenv=True)
    options = EvaluateOptions(
        files=chosen.files,
        receiver=chosen.receiver,
        secret=chosen.secret or env.get("SHARED_SECRET", ""),
        email=chosen.email,
        endpoints=chosen.endpoints,
        listen=chosen.listen,
        public_url=chosen.public_url,
        data=chosen.data,
        csv=chosen.csv,
        as_json=chosen.json,
        private=chosen.private,
    )
    return run_evaluate(options, evaluator_settings(env))


def _compare(chosen: argparse.Namespace) -> int:
    from orchestrator.compare.compare import CompareOptions, run_comparison  # noqa: PLC0415
    from orchestrator.local.stage import run_stage_in  # noqa: PLC0415

    models = list(dict.fromkeys(name.strip() for name in chosen.models.split(",") if name.strip()))
    if not models or chosen.receiver or chosen.endpoints:
        raise UsageError(
            "--models names no model, or was used together with --receiver or --endpoints.",
            "Name at least one model, and leave out the other two options; or leave out --models.",
        )
    options = CompareOptions(chosen.files, models, chosen.repeat, chosen.data, chosen.csv, chosen.json)
    return run_comparison(options, load_environment(dotenv=True), run_stage_in)


def _rebuild(chosen: argparse.Namespace) -> int:
    from orchestrator.frameworks.rebuild import run_rebuild  # noqa: PLC0415

    return run_rebuild(chosen.repository, load_environment(dotenv=True))


def _watch(chosen: argparse.Namespace) -> int:
    if chosen.pipeline is not None:
        if chosen.data is not None:
            raise UsageError("--data and --pipeline cannot be used together.", "Pass only one of them.")
        from orchestrator.watching.watch import run_pipeline_watch  # noqa: PLC0415

        settings = watch_settings(load_environment(dotenv=True), chosen.pipeline)
        return run_pipeline_watch(chosen.id, settings, Clock(), as_json=chosen.json)
    from orchestrator.local.watch import run_watch  # noqa: PLC0415

    return run_watch(chosen.id, chosen.data or _DATA, as_json=chosen.json)


def _local(chosen: argparse.Namespace) -> int:
    from orchestrator.local.stage import run_local  # noqa: PLC0415

    return run_local(_options(chosen), load_environment(dotenv=True), as_json=chosen.json)


def _demo(chosen: argparse.Namespace) -> int:
    from orchestrator.local.demo import run_demo  # noqa: PLC0415

    return run_demo(_options(chosen), load_environment(dotenv=True), once=chosen.once, as_json=chosen.json)


def _options(chosen: argparse.Namespace) -> "LocalOptions":
    from orchestrator.local.stage import LocalOptions  # noqa: PLC0415

    return LocalOptions(chosen.receiver_port, chosen.github_port, chosen.data, chosen.pages_delay, chosen.faults)


def _event(path: Path, env: dict[str, str]) -> Order:
    try:
        event = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        raise UsageError(
            "The event file could not be read as JSON.", "Pass the file that GITHUB_EVENT_PATH names."
        ) from None
    if not isinstance(event, dict):
        raise UsageError("The event file is not a JSON object.", "Pass the file that GITHUB_EVENT_PATH names.")
    return read_event(event, env.get("GITHUB_RUN_ID", "0"))
