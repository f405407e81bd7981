"""The benchmark: fsmond and its peers, measured in one run.

machine         facts about the machine: hardware, system limits, versions
missed_changes  which changes an answer misses, by comparing two scans of the tree
names           names that measurements and the report share
profiling       where the time goes: in the daemon during queries, and in a client process
results         the results of a run, saved as JSON
setting         where and how much is measured, which programs take part, and in which order
trees           the trees that are measured
workloads       what programs do to a tree at full speed: builds, removals, checkouts
peers           who is measured beside fsmond, and how each is started and queried
report          the report and its plots, from results alone
sections        what is measured: a module for each section of the report
"""
