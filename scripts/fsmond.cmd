@rem The command `fsmond` for cmd and PowerShell, which run no file without a suffix.  The first line
@rem of the file beside this one is `#!` and the path of its Python, written there by the installer.
@setlocal
@set "own="
@for /f "usebackq tokens=1* delims=!" %%a in ("%~dp0fsmond") do @if not defined own set "own=%%b"
@"%own%" "%~dp0fsmond" %*
