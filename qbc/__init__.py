"""qbc: the module beneath the book on behaviour cloning with quantised and continuous actions.

The map, lowest level first; a module imports only from levels below its own (a test reads the imports):

====  =================== ==========================================================================
-1    ``arrays``          what is no finite number, and where
0     ``systems``         plants x' = f(x, u) + sigma w, ``rollout`` over all trajectories at once
0     ``quantizers``      q = decode o encode: grids, codebooks, fits, angles; one a coordinate; saved as JSON
0     ``finite``          finite MDPs with exact values and path laws: the oracle
0     ``divergences``     TV_eps of sampled laws by exact optimal coupling
0     ``bounds``          one pure function for each right-hand side of a theorem, a module a chapter
0     ``claims``          ``Estimate`` (value, low, high), ``check`` -> ``Verdict``, ``glue``
0     ``datasets``        readers of robot demonstrations in the formats others record; rows as a stream (the extra ``data``)
1     ``tasks``           tasks with several right answers, their demonstrations, and what counts as success
1     ``plots``           measured with intervals, theory dashed; one style
1     ``live``            figures with sliders: every picture they can show, drawn beforehand for a page that looks it up
1     ``joints``          joints under a low-level loop of given stiffness and damping, which policies command
1     ``policies``        policies are callables ``(x, rng) -> u``; the ones the theory names
1     ``couplings``       expert and learner side by side, their tokens equal as often as their laws allow
1     ``noising``         the replica kernel of a Gaussian mixture
1     ``families``        instances that several chapters test theorems on; the MLE of a finite class
1     ``receding``        how much of a chunk is played before the next is asked for
1     ``primitives``      a state, an action and a gain for each step; gains along a trajectory
1     ``representations`` other coordinates for a chunk: positions, frequencies, directions
2     ``sequences``       histories as states of a plant: sequences that a model continues frame by frame
2     ``demonstrations``  observations and the chunks that followed, checked once; episodes cut into them
2     ``tokenizers``      chunks of actions to tokens and back; what each kind declares, how well a head predicts it (``tokens``)
2     ``robots``          pendulum, rod and arm in MuJoCo, as plants: the only importer of it (the extra ``sim``)
3     ``diagnose``          a report on robot demonstrations: faults, statistics that lie, bins, and what cannot be seen
3     ``learn``           fits: least squares, heads of k networks side by side; the only importer of torch
4     ``benchmark``       chapter 13: tasks in scenes, representations, heads and their settings
5     ``leaderboard``     its recorded table: the rule that chooses settings, and every head in every column
4     ``interventions``   what takes an ingredient away everywhere above, from outside; nothing imports it
--    ``pipeline, cli``   chapters: pair, execute, record, render; the command ``qbc``; none of the science but ``diagnose``
====  =================== ==========================================================================
"""
