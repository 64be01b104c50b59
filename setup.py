"""Builds the C99 kernels: one shared library a platform, free of the Python API."""

from __future__ import annotations

import sysconfig
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext


class KernelBuild(build_ext):
    """Names the library without a Python ABI and exports our symbols alone."""

    def get_ext_filename(self, fullname: str) -> str:
        suffix = ".dll" if sysconfig.get_platform().startswith("win") else ".so"
        return str(Path(*fullname.split("."))) + suffix

    def get_export_symbols(self, ext: Extension) -> list[str]:
        return list(ext.export_symbols)


class PlatformWheel(bdist_wheel):
    """One wheel a platform, for every Python 3."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", super().get_tag()[2]


setup(
    ext_modules=[
        Extension(
            "firstlight.native._kernel",
            sources=sorted(str(path) for path in Path("csrc").glob("*.c")),
            depends=sorted(str(path) for path in Path("csrc").glob("*.h")),
            extra_compile_args=[
                "-std=c99",
                "-O3",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-fvisibility=hidden",
            ],
            libraries=["m"],
        )
    ],
    cmdclass={"build_ext": KernelBuild, "bdist_wheel": PlatformWheel},
)
