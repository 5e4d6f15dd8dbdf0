/** `opencbr completion`: a script by which a shell completes commands and options. It knows the command line, not the service. */
import { Argument, type Command } from 'commander'
import { said } from './shown.ts'
import { plainVerb } from './verb.ts'

/** Its own grammar is looked at when it runs, so that it may be added at any time. */
export function addCompletionCommand(program: Command): void {
  plainVerb(
    program,
    'completion',
    'print a script for the shell: source <(opencbr completion bash)',
    async (shell: 'bash' | 'zsh') =>
      said(
        shell === 'bash' ? bashScript(program) : `autoload -U +X bashcompinit && bashcompinit\n${bashScript(program)}`,
      ),
  ).addArgument(new Argument('<shell>').choices(['bash', 'zsh']))
}

/** What may follow on `opencbr`, on a noun, and on a noun with its verb; else files. */
function bashScript(program: Command): string {
  const cases = [...following(program, '')].map(([words, next]) => `    '${words}') echo '${next.join(' ')}' ;;`)
  return `_opencbr_next() {
  case "$1" in
${cases.join('\n')}
  esac
}
_opencbr() {
  local before=$((COMP_CWORD - 1)) next
  next=$(_opencbr_next "\${COMP_WORDS[*]:1:before<2?before:2}")
  [[ -n $next ]] || next=$(_opencbr_next "\${COMP_WORDS[1]}")
  COMPREPLY=($(compgen -W "$next" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _opencbr opencbr`
}

function* following(command: Command, words: string): Generator<readonly [words: string, next: readonly string[]]> {
  const names = command.commands.map(each => each.name())
  yield [words, [...names, ...command.options.flatMap(({ long }) => long ?? [])]]
  for (const each of command.commands) yield* following(each, `${words} ${each.name()}`.trim())
}
