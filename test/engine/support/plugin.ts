import { appendFileSync } from "node:fs";
import { TestProvider } from "./testProvider.ts";

/** The test provider as an executable: notes its pid in the file of its first argument, prints its port. */
appendFileSync(process.argv[2] ?? "", `${process.pid}\n`);
console.log(String(await new TestProvider().start()));
