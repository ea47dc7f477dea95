// Loaded before the program into every process that the demo starts (`node --import`): ends it when
// its stdin closes. The demo holds the other end of that pipe and never writes, so the pipe closes
// exactly when the demo is gone, also when it was killed and could clean up nothing.

const END_MS_MAX = 3_000

let ending = false

function end(): void {
  if (ending) return
  ending = true
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), END_MS_MAX).unref()
  process.kill(process.pid, 'SIGTERM')
}

process.stdin.on('end', end)
process.stdin.on('close', end)
process.stdin.on('error', end)
process.stdin.resume()
// Watching must not keep alive what has otherwise come to its end.
process.stdin.unref()
