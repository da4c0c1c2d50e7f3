"""The files and modules of llmring that PyInstaller does not find by itself."""

from PyInstaller.utils.hooks import collect_data_files, collect_submodules

datas = collect_data_files("llmring")
# Commands are imported by name.
hiddenimports = collect_submodules("llmring")
