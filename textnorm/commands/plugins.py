"""``textnorm plugins``."""

from __future__ import annotations

import click

from textnorm.commands.common import overrides_of
from textnorm.errors import ConfigError, PluginError, TextnormError, UnknownNameError, UsageError


@click.group("plugins", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """List plugins, or check one against the contract that our own components keep."""
    if context.invoked_subcommand is None:
        context.invoke(list_plugins)


@command.command("list")
def list_plugins() -> None:
    """List every plugin: kind, name, where it comes from."""
    from textnorm.registry import KINDS

    rows = [(kind[:-1], name, registry.origin(name)) for kind, registry in KINDS.items() for name in registry.names()]
    widths = [max(len(row[k]) for row in rows) for k in range(2)]
    for kind, name, origin in rows:
        click.echo(f"{kind.ljust(widths[0])}  {name.ljust(widths[1])}  {origin}")


@command.command("check")
@click.argument("name")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Option of the plugin; VALUE as in a .cfg.")
def check_plugin(name: str, settings: tuple[str, ...]) -> int:
    """Run the conformance suite on the normalizer NAME; exit code 1 where it breaks the contract.

    \b
    textnorm plugins check textnorm.unicode.v1 --set form=NFKC
    """  # noqa: D301 - click reads the escape
    from textnorm import conformance
    from textnorm.registry import KINDS, normalizers

    options = overrides_of(settings)
    if name not in normalizers.names():
        for kind, registry in KINDS.items():
            if name in registry.names():
                msg = f"'{name}' is a {kind[:-1]}; the suite checks normalizers."
                raise UsageError(msg)
        what = "normalizer"
        raise UnknownNameError(what, name, normalizers.names())
    factory = normalizers.get(name)
    try:
        normalizer = factory(**options)
    except TextnormError:
        raise
    except (TypeError, ValueError) as error:
        msg = f"{name} cannot be made: {error} (options: --set KEY=VALUE)"
        raise ConfigError(msg) from error
    except Exception as error:  # a stranger's factory may raise anything
        msg = f"{name} cannot be made: {type(error).__name__}: {error}"
        raise PluginError(msg) from error
    findings = conformance.check(normalizer, registered=name)
    for finding in findings:
        click.echo(str(finding))
    if findings:
        click.echo(f"{name}: {len(findings)} findings", err=True)
        return 1
    click.echo(f"{name}: keeps the contract ({', '.join(conformance.CHECKS)})")
    return 0
