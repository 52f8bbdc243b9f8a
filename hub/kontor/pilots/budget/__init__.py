"""The budget: one pooled figure for each pilot, counted while it is used, that bites step by step.

Vocabulary
----------
credit    what everything is counted in; the price list is in the settings
use       what somebody took of cores, memory and storage: by kind (workspace, cluster, storage), hour and person
ledger    where use is kept, and the sum of it for each pilot
share     the part of the budget that is used, in percent
stage     fine, warned, slowed, grace, stopped (`standing`)
grace     from a used-up budget to the stop; a lead may extend it once
meter     the task that counts, moves pilots on to their stage and slows them

The parts
---------
`prices`, `pace`            pure: from seconds to credits, and how long a budget lasts
`ledger`, `standing`        what was used, and where that leaves a pilot
`stages`, `decisions`       what the clock does, and what people may do
`processes`, `counting`, `storage`, `slowing`, `meter`    what runs now, counted
`sentences`, `view`, `api`  in words, for pages, for programs
"""

from kontor.pilots.budget.standing import BudgetStanding, shares_of, used_of

__all__ = ["BudgetStanding", "shares_of", "used_of"]
