/** What a stack's name asks for: the platform `<env>`, or the tenant `<env>.<slug>`. */
export type StackTarget =
  | { readonly kind: "platform"; readonly environment: string }
  | { readonly kind: "tenant"; readonly environment: string; readonly slug: string };

/** Reads a stack's name. Everything after the first dot is the slug; whether it is one, the entry decides. */
export function targetOfStack(stack: string): StackTarget {
  const dot = stack.indexOf(".");
  if (dot < 0) return { kind: "platform", environment: stack };
  return { kind: "tenant", environment: stack.slice(0, dot), slug: stack.slice(dot + 1) };
}
