@rem The command `fsmond` for cmd and PowerShell, which run no file without a suffix.  An installer writes
@rem into the first line of the file beside this one which Python it belongs to: `#!` and a path.
@setlocal
@set "own="
@for /f "usebackq tokens=1* delims=!" %%a in ("%~dp0fsmond") do @if not defined own set "own=%%b"
@"%own%" "%~dp0fsmond" %*
