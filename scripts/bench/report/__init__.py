"""The report and its plots, from results alone.

behind    where fsmond is behind: the rows in which a peer's median is better
canvas    how plots are drawn: a colour and a marker for each program, and files with small diffs
figures   summary statistics of many measurements
page      the report, which can be written again without measuring
plots     the plots: a function for each, and `draw` for all that there are results for
floors    the least that a row can take, as the same run measured it
standing  where fsmond stands: which rows it wins, which it loses, and which are open
tables    the tables of the report, in Markdown
targets   the targets, each compared with the results of the same run
texts     the words of the report: introductions, notes, and labels
"""
