@echo off
rem Has this Windows account open lanyard:// links with the Lanyard.exe beside
rem this file. Run it again after moving the program; with /remove it takes the
rem registration away. No administrator is needed.
setlocal
set "key=HKCU\Software\Classes\lanyard"
if /i "%~1"=="/remove" (
  reg delete "%key%" /f
  exit /b
)
if not exist "%~dp0Lanyard.exe" (
  echo Lanyard.exe is not beside this file. Put both into one folder, then run this again.
  exit /b 1
)
reg add "%key%" /ve /d "URL:Lanyard sign-in" /f
if errorlevel 1 exit /b 1
reg add "%key%" /v "URL Protocol" /d "" /f
if errorlevel 1 exit /b 1
reg add "%key%\shell\open\command" /ve /d "\"%~dp0Lanyard.exe\" \"%%1\"" /f
if errorlevel 1 exit /b 1
