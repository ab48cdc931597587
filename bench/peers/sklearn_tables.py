"""scikit-learn on tables: makes the tables as CSV files, and cross-validates its pipeline on given folds.

make DIR          writes DIR/NAME.csv and DIR/tables.json, which says what is learned from each
score DIR FOLDS   FOLDS is a JSON file, name -> the fold of each row; prints a line of JSON for each table

The pipeline is what its documentation recommends for tables: SimpleImputer and StandardScaler for numbers, SimpleImputer
and OneHotEncoder for categories, MLPClassifier or MLPRegressor with default settings.
"""

import sys

sys.dont_write_bytecode = True

import json
import os
import warnings

import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import PredefinedSplit
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def bundled(load, names=None):
    found = load(as_frame=True)
    frame = found.frame.rename(columns={"target": "label"})
    if names is not None:
        frame["label"] = [str(found.target_names[i]) for i in found.target]
    return frame


def with_gaps(frame, columns, share, random):
    for column in columns:
        frame[column] = frame[column].mask(random.random(len(frame)) < share)
    return frame


def churn():
    """Customers who leave: numbers of very different sizes, categories, dates and missing cells. 4,000 rows."""
    random = np.random.default_rng(1)
    n = 4000
    plan = random.choice(["basic", "plus", "family", "business"], n, p=[0.5, 0.25, 0.2, 0.05])
    region = random.choice([f"region {i}" for i in range(12)], n)
    months = random.gamma(2.0, 12.0, n)
    spent = np.exp(random.normal(4.0, 1.0, n)) * (1 + (plan == "business") * 3)
    calls = random.poisson(2 + 3 * (plan == "basic"), n)
    joined = pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 1500, n), unit="D")
    autopay = random.random(n) < 0.6
    score = 1.2 * (calls > 3) - 0.06 * months + 0.9 * (plan == "basic") - 1.1 * autopay + 0.4 * np.log(spent / 55)
    score += 0.8 * np.isin(region, ["region 3", "region 7"]) * (months < 12) + 0.9
    frame = pd.DataFrame(
        {
            "customer_id": np.arange(100000, 100000 + n),
            "plan": plan,
            "region": region,
            "months": months.round(1),
            "spent": spent.round(2),
            "calls": calls.astype(float),
            "joined": joined.strftime("%Y-%m-%d"),
            "autopay": np.where(autopay, "yes", "no"),
            "churn": np.where(random.random(n) < 1 / (1 + np.exp(-2 * score)), "leaves", "stays"),
        }
    )
    return with_gaps(frame, ["months", "spent", "plan", "region"], 0.05, random)


def rental():
    """Rents of flats: a product of effects, with categories and missing cells. 3,000 rows, regression."""
    random = np.random.default_rng(2)
    n = 3000
    district = random.choice([f"district {i}" for i in range(20)], n)
    effect = dict(zip(sorted(set(district)), random.normal(0, 0.25, 20)))
    size = random.gamma(6.0, 12.0, n) + 15
    rooms = np.clip(np.round(size / 28 + random.normal(0, 0.6, n)), 1, None)
    year = random.integers(1900, 2024, n).astype(float)
    state = random.choice(["new", "renovated", "old"], n, p=[0.2, 0.3, 0.5])
    rent = 9 * size**0.85 * np.exp([effect[d] for d in district]) * (1 + 0.002 * np.abs(year - 1960))
    rent *= np.where(state == "new", 1.25, np.where(state == "old", 0.9, 1.0)) * np.exp(random.normal(0, 0.06, n))
    frame = pd.DataFrame(
        {
            "district": district,
            "size": size.round(1),
            "rooms": rooms,
            "year": year,
            "state": state,
            "rent": rent.round(2),
        }
    )
    return with_gaps(frame, ["year", "rooms", "state"], 0.08, random)


def waves():
    """A smooth function of ten numbers, of which five matter (Friedman, 1991), 2,000 rows, regression."""
    X, y = datasets.make_friedman1(2000, n_features=10, noise=1.0, random_state=3)
    return pd.DataFrame(X, columns=[f"x{i}" for i in range(10)]).assign(value=y)


def sensors():
    """Four classes by twenty sensors, some of which fail, 5,000 rows."""
    X, y = datasets.make_classification(
        5000, 20, n_informative=10, n_redundant=4, n_classes=4, n_clusters_per_class=2, random_state=4
    )
    frame = pd.DataFrame((X * 10 ** np.linspace(-2, 3, 20)).round(4), columns=[f"sensor {i}" for i in range(20)])
    frame["state"] = np.array(["idle", "low", "high", "fault"])[y]
    return with_gaps(frame, frame.columns[:6], 0.1, np.random.default_rng(4))


TABLES = {
    "iris": (lambda: bundled(datasets.load_iris, True), "label", "classification"),
    "wine": (lambda: bundled(datasets.load_wine, True), "label", "classification"),
    "breast_cancer": (lambda: bundled(datasets.load_breast_cancer, True), "label", "classification"),
    "digits": (lambda: bundled(datasets.load_digits), "label", "classification"),
    "diabetes": (lambda: bundled(datasets.load_diabetes), "label", "regression"),
    "churn": (churn, "churn", "classification"),
    "sensors": (sensors, "state", "classification"),
    "rental": (rental, "rent", "regression"),
    "waves": (waves, "value", "regression"),
}


def make(folder):
    os.makedirs(folder, exist_ok=True)
    for name, (table, _, _) in TABLES.items():
        table().to_csv(os.path.join(folder, f"{name}.csv"), index=False)
    with open(os.path.join(folder, "tables.json"), "w") as file:
        json.dump({name: {"label": label, "task": task} for name, (_, label, task) in TABLES.items()}, file)


def pipeline(X, task):
    numbers = X.select_dtypes("number").columns
    encode = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
            (
                "categories",
                make_pipeline(
                    SimpleImputer(strategy="constant", fill_value="missing"), OneHotEncoder(handle_unknown="ignore")
                ),
                [column for column in X.columns if column not in numbers],
            ),
        ]
    )
    if task == "classification":
        return make_pipeline(encode, MLPClassifier(random_state=0))
    return make_pipeline(encode, TransformedTargetRegressor(MLPRegressor(random_state=0), transformer=StandardScaler()))


def score(folder, folds):
    for name, (_, label, task) in TABLES.items():
        if name not in folds:
            continue
        frame = pd.read_csv(os.path.join(folder, f"{name}.csv"))
        # What handgrad finds by itself, a user of scikit-learn does by hand.
        frame = frame.drop(columns=["customer_id"], errors="ignore")
        if "joined" in frame:
            frame["joined"] = pd.to_datetime(frame["joined"]).astype("int64") / 8.64e13
        X, y = frame.drop(columns=[label]), frame[label]
        measure = accuracy_score if task == "classification" else r2_score
        scores = []
        for train, test in PredefinedSplit(folds[name]).split():
            model = pipeline(X, task).fit(X.iloc[train], y.iloc[train])
            scores.append(float(measure(y.iloc[test], model.predict(X.iloc[test]))))
        print(json.dumps({"name": name, "scores": scores}), flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore", ConvergenceWarning)
    if sys.argv[1] == "make":
        make(sys.argv[2])
    else:
        with open(sys.argv[3]) as file:
            score(sys.argv[2], json.load(file))
