// Why engines of real nodes cannot do what a simulator can, by the name of the thing. The refusal of a
// scenario quotes it.

export const faultReasons: Readonly<Record<string, string>> = Object.freeze({
  equivocate: 'a second daemon of a node needs a network of its own',
  duplicate: 'a stream of bytes has no duplicates',
  reorder: 'a stream of bytes is in order',
  skew: 'a process has the clock of its machine',
  disk: 'a process has the disk of its machine',
  lose: 'the kernel keeps what a killed process wrote',
  torn: 'the kernel keeps what a killed process wrote',
  silent: 'the kernel closes the connections of a killed process',
  ideal: 'the built program speaks coterie only',
  managed: 'the built program speaks coterie only',
  direct: 'the built program speaks coterie only',
  stdio: 'the built program speaks coterie only',
})
