/**
 * One post-deploy step. Knows nothing of Pulumi. `apply` observes, does what is missing and nothing else, so that it may
 * run any number of times, from any number of processes, and after being killed anywhere.
 */
export interface Hook<Context, Inputs, Observed, Plan, Outcome> {
  readonly name: string;
  /** Reads reality; writes nothing. */
  observe(context: Context): Promise<Observed>;
  /** What `apply` would do to reality as observed. Pure. */
  plan(inputs: Inputs, observed: Observed): Plan;
  apply(context: Context, inputs: Inputs): Promise<Outcome>;
  /** Takes back what lies outside of the tenant's database; inside, the drop of the database does. */
  remove(context: Context): Promise<void>;
}
