/** Starts a program in namespaces of its own. */

/**
 * The words before options of unshare(1) and a command, which then runs as root of a user namespace of its own. An ordinary user
 * may do that too. Errors come on stdout.
 */
export const inNamespaces = [
  'sh',
  '-c',
  // Without this question, sh would exit with 127: no program was executed.
  'command -v unshare >/dev/null || { echo "there is no program unshare"; exit; }; ' +
    'exec 2>&1; exec unshare --map-root-user "$@"',
  'sh',
] as const
