@rem npm run starts "exec node ..." with sh, which then becomes node, so that signals reach it. For cmd.exe, this does.
@%*
