#!/usr/bin/env python3
"""Makes in moto what an operator makes in AWS before Berth runs, and prints it as JSON. Needs boto3, which comes with moto.

The rights of the role and of the user `berth` are docs/aws-iam-policy.json as it stands: a call that it does not allow fails
the tests, as moto checks signatures and rights from the end of this script on.

aws_fixture.py http://127.0.0.1:PORT
"""
import json
import pathlib
import sys
import urllib.request

import boto3

REGION = "us-east-1"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


def main(endpoint):
    policy = (pathlib.Path(__file__).parent.parent / "docs" / "aws-iam-policy.json").read_text()

    def client(service, **keys):
        keys = keys or {"aws_access_key_id": "setup", "aws_secret_access_key": "setup"}
        return boto3.client(service, region_name=REGION, endpoint_url=endpoint, **keys)

    iam, ec2 = client("iam"), client("ec2")
    role = iam.create_role(RoleName="berth", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    iam.put_role_policy(RoleName="berth", PolicyName="berth", PolicyDocument=policy)
    assume = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]}
    users = {}
    for name, document in {"berth": policy, "nobody": None, "operator": json.dumps(assume)}.items():
        iam.create_user(UserName=name)
        if document:
            iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=document)
        users[name] = iam.create_access_key(UserName=name)["AccessKey"]

    image = ec2.describe_images()["Images"][0]["ImageId"]
    template = ec2.create_launch_template(LaunchTemplateName="gpus", LaunchTemplateData={"ImageId": image})
    subnets = {s["AvailabilityZone"]: s["SubnetId"] for s in ec2.describe_subnets()["Subnets"]}
    zone = f"{REGION}a"
    groups = client("autoscaling")
    ec2.create_launch_template(
        LaunchTemplateName="plain", LaunchTemplateData={"ImageId": image, "InstanceType": "g6.xlarge"}
    )
    # The second stands below the managed node group `gpus`, which the proxy answers for.
    for name in ("plain", "eks-gpus-1234"):
        groups.create_auto_scaling_group(
            AutoScalingGroupName=name, MinSize=0, MaxSize=6, DesiredCapacity=1, VPCZoneIdentifier=subnets[zone],
            LaunchTemplate={"LaunchTemplateName": "plain", "Version": "$Default"},
        )
    sqs = client("sqs")
    queue = sqs.create_queue(QueueName="berth", Attributes={"VisibilityTimeout": "1"})["QueueUrl"]
    for kind, instance in [("Spot Instance Interruption Warning", "i-interrupted"), ("Instance Rebalance Recommendation", "i-rebalanced")]:
        event = {"source": "aws.ec2", "detail-type": f"EC2 {kind}", "time": "2015-08-30T12:36:00Z"}
        sqs.send_message(QueueUrl=queue, MessageBody=json.dumps({**event, "detail": {"instance-id": instance}}))
    sqs.send_message(QueueUrl=queue, MessageBody="not an event")
    keys = client("sts").assume_role(RoleArn=role, RoleSessionName="machine")["Credentials"]

    # From here on moto checks every call.
    check = urllib.request.Request(f"{endpoint}/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"})
    urllib.request.urlopen(check).read()
    fixture = {
        "region": REGION,
        "users": {
            name: {"accessKeyID": key["AccessKeyId"], "secretAccessKey": key["SecretAccessKey"]}
            for name, key in users.items()
        },
        "roleARN": role,
        "role": {**keys, "Expiration": keys["Expiration"].strftime("%Y-%m-%dT%H:%M:%SZ")},
        "webIdentityToken": "web-identity-token",
        "podToken": "pod-token",
        "launchTemplateID": template["LaunchTemplate"]["LaunchTemplateId"],
        "subnets": subnets,
        "queueURL": queue,
    }
    print(json.dumps(fixture))


if __name__ == "__main__":
    main(sys.argv[1])
