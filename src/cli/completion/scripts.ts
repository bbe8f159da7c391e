/** Shells that a script is printed for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/**
 * Each script asks the very program that is being typed, so it never grows old; an answer is a line a word, with a tab
 * and what it is for. Registered for `tenantry`, the shells also use it for `bin/tenantry`.
 */
export const SCRIPTS: Readonly<Record<Shell, string>> = {
  // Also of bash 3.2, which macOS has: no mapfile.
  bash: `_tenantry() {
  local program=\${COMP_WORDS[0]/#\\~/$HOME} word about
  COMPREPLY=()
  while IFS=$'\\t' read -r word about; do
    COMPREPLY+=("$word")
  done < <("$program" completion --words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _tenantry tenantry
`,
  zsh: `#compdef tenantry
_tenantry() {
  local -a found
  local line
  for line in "\${(@f)$(\${~words[1]} completion --words -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] && found+=(\${line/$'\\t'/:})
  done
  (( \${#found} )) && _describe tenantry found
}
compdef _tenantry tenantry
`,
  fish: `function __tenantry_words
  set -l typed (commandline -opc)
  set -l program $typed[1]
  set -e typed[1]
  set -a typed (commandline -ct | string collect --allow-empty)
  $program completion --words -- $typed 2>/dev/null
end
complete -c tenantry -f -a '(__tenantry_words)'
`,
};
