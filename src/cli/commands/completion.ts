// `completion`: a script that teaches a shell the words of this command line. Made from the commands
// themselves, so it cannot be out of date; it needs no node and starts no program.

import { type CommandSpec, argument, usage } from '../command.ts'
import { globalOptions } from '../program.ts'

/** Words that may follow each command path; the empty path is `coterie` itself. */
type Words = ReadonlyMap<string, readonly string[]>

const scripts: Readonly<Record<string, (words: Words) => string>> = { bash, zsh, fish }

export const completion: CommandSpec = {
  name: 'completion',
  summary: 'Print a completion script for bash, zsh or fish.',
  arguments: ['<shell>'],
  examples: [
    'completion bash > ~/.local/share/bash-completion/completions/coterie',
    'completion fish',
  ],
  async run(context, given) {
    const shell = argument(given, 0)
    const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined
    if (script === undefined)
      throw usage(`There is no script for "${shell}".`, 'Shells: bash, zsh, fish.')
    await context.out.document('script', script(wordsOf(await context.allCommands())))
  },
}

function wordsOf(specs: readonly CommandSpec[]): Words {
  const words = new Map<string, readonly string[]>()
  const shared = [...globalOptions.map(({ flags }) => long(flags)), '--help']
  words.set('', [...specs.map(({ name }) => name), ...shared, '--version'])
  const add = (spec: CommandSpec, path: string): void => {
    const full = path === '' ? spec.name : `${path} ${spec.name}`
    const children = (spec.commands ?? []).map(({ name }) => name)
    words.set(full, [
      ...children,
      ...(spec.options ?? []).map(({ flags }) => long(flags)),
      ...shared,
    ])
    for (const child of spec.commands ?? []) add(child, full)
  }
  for (const spec of specs) add(spec, '')
  return words
}

function long(flags: string): string {
  return /--[a-z-]+/.exec(flags)?.[0] ?? flags
}

function cases(words: Words): string {
  return [...words].map(([path, list]) => `    '${path}') words='${list.join(' ')}' ;;`).join('\n')
}

function bash(words: Words): string {
  return `# bash completion for coterie
_coterie() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path='' word words=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) case "$path" in '') path="$word" ;; *' '*) ;; *) path="$path $word" ;; esac ;; esac
  done
  case "$path" in
${cases(words)}
    *) case "\${path%% *}" in
${cases(words)}
    esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _coterie coterie
`
}

function zsh(words: Words): string {
  return `#compdef coterie
_coterie() {
  local path='' word words_
  for word in "\${words[@]:1:$((CURRENT - 2))}"; do
    case "$word" in -*) ;; *) case "$path" in '') path="$word" ;; *' '*) ;; *) path="$path $word" ;; esac ;; esac
  done
  case "$path" in
${cases(words).replaceAll(') words=', ') words_=')}
    *) case "\${path%% *}" in
${cases(words).replaceAll(') words=', ') words_=')}
    esac ;;
  esac
  compadd -- \${=words_}
}
compdef _coterie coterie
`
}

function fish(words: Words): string {
  const lines = [...words].map(([path, list]) => {
    const seen = path
      .split(' ')
      .filter((word) => word !== '')
      .map((word) => `__fish_seen_subcommand_from ${word}`)
    const condition = seen.length === 0 ? '__fish_use_subcommand' : seen.join('; and ')
    return `complete -c coterie -n '${condition}' -a '${list.join(' ')}'`
  })
  return `# fish completion for coterie\n${lines.join('\n')}\n`
}
